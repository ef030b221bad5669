from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.urls import path

from messaging.bakery import (
    import_views,
    mail_views,
    message_views,
    month_views,
    people_views,
    proof_views,
    security_views,
    setting_views,
    supplier_views,
    viewing,
    views,
)
from messaging.bakery.account_forms import ChangePasswordForm, NewPasswordForm

# The names are Django's own, so that its views find each other. The admin has its own pages to change a password.
password_urls = [
    path(
        "password/change",
        security_views.ChangePasswordView.as_view(
            template_name="registration/change_password.html", form_class=ChangePasswordForm
        ),
        name="password_change",
    ),
    path(
        "password/changed",
        auth_views.PasswordChangeDoneView.as_view(
            template_name="registration/password_changed.html"
        ),
        name="password_change_done",
    ),
    path(
        "password/forgotten",
        auth_views.PasswordResetView.as_view(
            template_name="registration/forgotten_password.html",
            email_template_name="registration/forgotten_password_mail.txt",
            subject_template_name="registration/forgotten_password_subject.txt",
            extra_email_context={
                # Not the request's host, which a proxy or an attacker chooses.
                "site_url": settings.SITE_URL,
                "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60),
            },
        ),
        name="password_reset",
    ),
    path(
        "password/forgotten/sent",
        auth_views.PasswordResetDoneView.as_view(
            template_name="registration/forgotten_password_sent.html"
        ),
        name="password_reset_done",
    ),
    path(
        "password/new/<uidb64>/<token>",
        auth_views.PasswordResetConfirmView.as_view(
            template_name="registration/new_password.html", form_class=NewPasswordForm
        ),
        name="password_reset_confirm",
    ),
    path(
        "password/new/done",
        auth_views.PasswordResetCompleteView.as_view(
            template_name="registration/new_password_done.html"
        ),
        name="password_reset_complete",
    ),
]

month_urls = [
    path("bakery/<slug:slug>/month", month_views.month_page, name="bakery_month"),
    path("bakery/<slug:slug>/month.csv", month_views.month_file, name="bakery_month_file"),
]

people_urls = [
    path("bakery/<slug:slug>/people", people_views.people_page, name="bakery_people"),
    path("bakery/<slug:slug>/people/invite", people_views.invite, name="bakery_invite"),
    path("bakery/<slug:slug>/people/leave", people_views.leave, name="bakery_leave"),
    path(
        "bakery/<slug:slug>/people/<int:member_id>/role",
        people_views.change_role,
        name="bakery_role",
    ),
    path(
        "bakery/<slug:slug>/people/<int:member_id>/remove",
        people_views.remove,
        name="bakery_remove",
    ),
    path(
        "bakery/<slug:slug>/invitations/<int:invitation_id>/again",
        people_views.invitation_again,
        name="bakery_invitation_again",
    ),
    path(
        "bakery/<slug:slug>/invitations/<int:invitation_id>/take-back",
        people_views.invitation_back,
        name="bakery_invitation_back",
    ),
    path("invitation/<str:token>", people_views.accept, name="invitation"),
]

# A person's own log-in, whoever they are.
security_urls = [
    path("account/security", security_views.security, name="security"),
    path("account/second-factor", security_views.code, name="second_factor_code"),
    path("account/second-factor/set-up", security_views.set_up, name="second_factor_setup"),
    path("account/second-factor/codes", security_views.renew_codes, name="second_factor_renew"),
    path("account/second-factor/off", security_views.switch_off, name="second_factor_off"),
    path("account/devices/<int:pk>/end", security_views.end_log_in, name="end_log_in"),
    path("account/devices/end", security_views.end_other_log_ins, name="end_other_log_ins"),
]

setting_urls = [
    path(
        "bakery/<slug:slug>/notices/<int:kind_id>",
        setting_views.choose_notice,
        name="bakery_choose_notice",
    ),
    path(
        "bakery/<slug:slug>/notices/<int:kind_id>/test",
        setting_views.send_test,
        name="bakery_send_test",
    ),
    path("bakery/<slug:slug>/quiet-hours", setting_views.quiet_hours, name="bakery_quiet_hours"),
    path("bakery/<slug:slug>/limit", setting_views.monthly_limit, name="bakery_limit"),
    path(
        "bakery/<slug:slug>/weekly-summary",
        setting_views.choose_weekly_summary,
        name="bakery_weekly_summary",
    ),
    path("bakery/<slug:slug>/history", setting_views.history, name="bakery_history"),
    path("bakery/<slug:slug>/phone", setting_views.own_phone, name="bakery_own_phone"),
    path(
        "bakery/<slug:slug>/phone/confirm",
        setting_views.confirm_own_phone,
        name="bakery_confirm_phone",
    ),
    path(
        "bakery/<slug:slug>/phone/forget",
        setting_views.forget_own_phone,
        name="bakery_forget_phone",
    ),
]

message_urls = [
    path("bakery/<slug:slug>/messages", message_views.message_list, name="bakery_messages"),
    path(
        "bakery/<slug:slug>/messages/<uuid:message_id>",
        message_views.message_page,
        name="bakery_message",
    ),
    path(
        "bakery/<slug:slug>/messages/<uuid:message_id>/resend",
        message_views.resend,
        name="bakery_resend",
    ),
    path(
        "bakery/<slug:slug>/messages/<uuid:message_id>/mail",
        mail_views.send_by_mail,
        name="bakery_message_mail",
    ),
    path(
        "bakery/<slug:slug>/messages/<uuid:message_id>/cancel",
        message_views.cancel,
        name="bakery_cancel",
    ),
    path(
        "bakery/<slug:slug>/messages/<uuid:message_id>/done",
        message_views.mark_done,
        name="bakery_mark_done",
    ),
]

supplier_urls = [
    path("bakery/<slug:slug>/suppliers", supplier_views.supplier_list, name="bakery_suppliers"),
    path(
        "bakery/<slug:slug>/suppliers/new", supplier_views.add_supplier, name="bakery_supplier_add"
    ),
    path(
        "bakery/<slug:slug>/suppliers/import",
        import_views.import_suppliers,
        name="bakery_supplier_import",
    ),
    path(
        "bakery/<slug:slug>/suppliers/example.csv",
        import_views.example_file,
        name="bakery_supplier_example",
    ),
    path(
        "bakery/<slug:slug>/suppliers/<uuid:recipient_id>",
        supplier_views.supplier_page,
        name="bakery_supplier",
    ),
    path(
        "bakery/<slug:slug>/suppliers/<uuid:recipient_id>/correct",
        supplier_views.correct_supplier,
        name="bakery_supplier_correct",
    ),
    path(
        "bakery/<slug:slug>/suppliers/<uuid:recipient_id>/erase",
        supplier_views.erase_supplier,
        name="bakery_supplier_erase",
    ),
    path(
        "bakery/<slug:slug>/suppliers/<uuid:recipient_id>/data.json",
        supplier_views.export_supplier,
        {"form": "json"},
        name="bakery_supplier_json",
    ),
    path(
        "bakery/<slug:slug>/suppliers/<uuid:recipient_id>/data.csv",
        supplier_views.export_supplier,
        {"form": "csv"},
        name="bakery_supplier_csv",
    ),
]

# The order number is a parameter: it may hold any character.
proof_urls = [
    path("bakery/<slug:slug>/proof", proof_views.proof_page, name="bakery_proof"),
    path("bakery/<slug:slug>/proof.pdf", proof_views.proof_file, name="bakery_proof_file"),
    path("bakery/<slug:slug>/proof/links", proof_views.make_proof_link, name="bakery_proof_link"),
    path(
        "bakery/<slug:slug>/proof/links/<uuid:link_id>/revoke",
        proof_views.revoke_proof_link,
        name="bakery_proof_revoke",
    ),
    path("proof/<str:token>", proof_views.shared_proof, name="shared_proof"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("bakery/<slug:slug>", views.settings_page, name="bakery_settings"),
    path("bakery/<slug:slug>/switch", views.switch, name="bakery_switch"),
    *setting_urls,
    *month_urls,
    *message_urls,
    *supplier_urls,
    *proof_urls,
    *people_urls,
    *password_urls,
    *security_urls,
    path("viewing/end", viewing.end_view, name="viewing_end"),
]
